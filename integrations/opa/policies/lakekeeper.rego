# Asks Lakekeeper. What cannot be asked, or is not answered, is not allowed.
package lakekeeper

import data.configuration

# A question is an operation of `POST /management/v1/action/batch-check`, but with the name of Trino's catalog where the operation
# has the id of the warehouse:
#
#     {"catalog": "demo", "table": {"namespace": ["a"], "table": "t", "action": {"action": "read_data"}}}

# The questions whose answer for this user is yes. One request for each Lakekeeper, or several if there are many questions.
allowed(user, questions) := {question |
	some name, instance in configuration.instances
	own := [question | some question in questions; configuration.catalogs[question.catalog].instance == name]
	some start in numbers.range_step(0, count(own) - 1, instance.questions)
	count(own) > 0
	part := array.slice(own, start, start + instance.questions)
	answers := answers_of(name, user, part)
	some i, question in part
	answers[i].allowed == true
}

answers_of(name, user, questions) := response.body.results if {
	instance := configuration.instances[name]
	checks := [{
		"operation": operation(question),
		"identity": {"user": concat("", [instance.user_prefix, user])},
	} |
		some question in questions
	]
	response := http.send({
		"method": "POST",
		"url": concat("", [instance.url, "/management/v1/action/batch-check"]),
		"headers": {"authorization": bearer(name), "content-type": "application/json"},
		"body": {"checks": checks},
		"timeout": "10s",
	})
	response.status_code == 200
	count(response.body.results) == count(questions)
}

operation(question) := {kind: object.union(on, {"warehouse-id": warehouse_id(question.catalog)}) |
	some kind, on in object.remove(question, {"catalog"})
}

# The id of the warehouse behind a catalog of Trino. It changes only if another warehouse gets the name.
warehouse_id(catalog) := response.body.defaults.prefix if {
	managed := configuration.catalogs[catalog]
	instance := configuration.instances[managed.instance]
	response := http.send({
		"method": "GET",
		"url": concat("", [instance.url, "/catalog/v1/config?", urlquery.encode_object({"warehouse": managed.warehouse})]),
		"headers": {"authorization": bearer(managed.instance)},
		"timeout": "10s",
		"force_cache": true,
		"force_cache_duration_seconds": 300,
	})
	response.status_code == 200
}

# A token of OPA's own, by its client credentials (RFC 6749 section 4.4). Kept for a minute: tokens live longer.
bearer(name) := concat(" ", ["Bearer", response.body.access_token]) if {
	instance := configuration.instances[name]
	response := http.send({
		"method": "POST",
		"url": instance.token_endpoint,
		"headers": {"content-type": "application/x-www-form-urlencoded"},
		"raw_body": urlquery.encode_object({
			"grant_type": "client_credentials",
			"client_id": instance.client_id,
			"client_secret": instance.client_secret,
			"scope": instance.scope,
		}),
		"timeout": "10s",
		"force_cache": true,
		"force_cache_duration_seconds": 60,
	})
	response.status_code == 200
}
