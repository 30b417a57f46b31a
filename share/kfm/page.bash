# page.bash - what the pages of KFM's commands share; they source it

export RC_SCHEMA=${RC_SCHEMA-kfm}
