# lines.jq - as plain.jq, but a page has one task a line, and there is only one: for a file, or an export
#
# fetch: --lines --paging none
# since: since={mark}
.
