-- waits until no other change of users is at it; the lock ends with the transaction
lock table kfm.users in share row exclusive mode
