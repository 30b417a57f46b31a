# jira.jq - issues as Jira's REST API 2 has them (GET /rest/api/2/search)
#
# A token is a personal access token. Pages by startAt and maxResults, with a total.
#
# fetch: --items /issues --paging offset --paging-param startAt --size 100 --size-param maxResults --total /total
# since: jql=updated >= "{mark}" order by key
# token: JIRA_TOKEN
{
  external_id: .key,
  display_name: "\(.key) \(.fields.summary)"[0:255],
  is_active: (.fields.status.statusCategory.key != "done"),
  project: .fields.project.name,
  task_type: .fields.issuetype.name,
  department: .fields.components[0]?.name,
  updated_at: .fields.updated[0:16] | sub("T"; " ")
}
