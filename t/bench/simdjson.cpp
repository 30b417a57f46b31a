// The fields of all records by simdjson's on-demand reader, for the comparison in stream.bash.
#include <simdjson.h>
#include <cstdio>

int main(int, char **argv)
{
	auto text = simdjson::padded_string::load(argv[1]).value();
	simdjson::ondemand::parser parser;
	size_t records = 0, fields = 0;
	auto documents = parser.iterate_many(text, 1 << 20).value();

	for (auto record : documents) {
		for (auto field : record.get_object()) {
			fields += field.key().value().raw() != nullptr;
			fields += field.value().raw_json_token().value().empty();
		}
		records++;
	}
	std::printf("%zu %zu\n", records, fields);
}
