# kfm.rego - KFM's policies for Open Policy Agent
#
# data.kfm.findings judges rows in bulk: {"kind","rows"} -> a list of {"key","rule","severity","field"}, the same rules as those
# of documents.jq and places.jq. data.kfm.allow says who may do what: {"role","action"}.
package kfm

import rego.v1

default allow := false

allow if input.role == "admin"

allow if {
	input.role in {"viewer", "contributor", "maintainer"}
	input.action == "read"
}

allow if {
	input.role in {"contributor", "maintainer"}
	input.action == "write"
}

# A row's finding has its key and never the value.
finding(row, rule, severity, field) := {"key": row.id, "rule": rule, "severity": severity, "field": field}

texts := {"title", "body"}

patterns := {
	"email-address": `[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}`,
	"social-security-number": `(^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}($|[^0-9])`,
	"credential": `-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}`,
}

findings contains finding(row, rule, "violation", field) if {
	input.kind == "documents"
	some row in input.rows
	some field in texts
	some rule, pattern in patterns
	regex.match(pattern, row[field])
}

findings contains finding(row, "license-missing", "warning", "attributes.license") if {
	input.kind == "documents"
	some row in input.rows
	object.get(row, ["attributes", "license"], "") in {"", null, false}
}

findings contains finding(row, "restricted-not-redacted", "violation", "attributes.redacted") if {
	input.kind == "documents"
	some row in input.rows
	object.get(row, ["attributes", "restricted"], false) == true
	object.get(row, ["attributes", "redacted"], false) != true
}

findings contains finding(row, "place-at-zero", "warning", "longitude") if {
	input.kind == "places"
	some row in input.rows
	row.longitude == 0
	row.latitude == 0
}

exact(degrees) if (degrees * 100) != floor(degrees * 100)

findings contains finding(row, "sensitive-place-too-exact", "violation", "longitude") if {
	input.kind == "places"
	some row in input.rows
	regex.match(`(?i)burial|sacred`, row.name)
	some degrees in [row.longitude, row.latitude]
	exact(degrees)
}
