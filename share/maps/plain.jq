# plain.jq - a source that has TimeTracker's own names: external_id, display_name, is_active, account and so on, updated_at
#
# Pages by the Link header, each an array.
#
# fetch: --paging link
# since: since={mark}
.
