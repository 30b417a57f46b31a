# github-issues.jq - issues as GitHub's REST API has them (GET /repos/OWNER/NAME/issues?state=all)
#
# Pages by the Link header. Pull requests are in the listing, too, and left out here.
#
# fetch: --paging link --size-param per_page --size 100
# since: since={mark}
# token: GITHUB_TOKEN
select(has("pull_request") | not) | {
  external_id: (.node_id // (.id | tostring)),
  display_name: "#\(.number) \(.title)"[0:255],
  is_active: (.state == "open"),
  project: (.repository_url // "" | split("/") | .[-2:] | join("/")),
  phase: .milestone.title,
  task_type: .type.name,
  fields_json: { labels: [.labels[].name] },
  updated_at
}
