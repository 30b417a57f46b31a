# Rules for documents: each gives {"rule","severity","field"} for a row that breaks it; never the value itself.
def texts: ["title", .title], ["body", .body];

(if (.attributes.license // "") == "" then {rule: "license-missing", severity: "warning", field: "attributes.license"} else empty end),
(texts | select(.[1] | test("[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\\.[A-Za-z]{2,}"))
  | {rule: "email-address", severity: "violation", field: .[0]}),
(texts | select(.[1] | test("(^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}($|[^0-9])"))
  | {rule: "social-security-number", severity: "violation", field: .[0]}),
(texts | select(.[1] | test("-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}"))
  | {rule: "credential", severity: "violation", field: .[0]}),
(if .attributes.restricted == true and .attributes.redacted != true
  then {rule: "restricted-not-redacted", severity: "violation", field: "attributes.redacted"} else empty end)
