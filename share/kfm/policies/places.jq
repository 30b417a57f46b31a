# Rules for places: see documents.jq.
(if .longitude == 0 and .latitude == 0 then {rule: "place-at-zero", severity: "warning", field: "longitude"} else empty end),
(if (.name | test("burial|sacred"; "i")) and ((.longitude * 100 | . != floor) or (.latitude * 100 | . != floor))
  then {rule: "sensitive-place-too-exact", severity: "violation", field: "longitude"} else empty end)
