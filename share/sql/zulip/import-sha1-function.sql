-- SHA-1 of a text, in hex, which PostgreSQL has no function for; Zulip knows a group conversation by it
create function pg_temp.import_sha1(text text) returns text language plpgsql immutable strict
set search_path = pg_catalog, pg_temp as $function$
declare
  bytes bytea := pg_catalog.convert_to(text, 'UTF8');
  mask constant bigint := 4294967295;
  length constant int := pg_catalog.octet_length(bytes);
  sums bigint[] := array[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
  words bigint[];
  word bigint; a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint;
begin
  bytes := bytes || '\x80'::bytea || pg_catalog.decode(pg_catalog.repeat('00', (119 - length % 64) % 64), 'hex')
    || pg_catalog.int8send(length::bigint * 8);
  for block in 0..pg_catalog.octet_length(bytes) / 64 - 1 loop
    words := '{}';
    for i in 0..15 loop
      word := 0;
      for j in 0..3 loop word := (word << 8) | pg_catalog.get_byte(bytes, block * 64 + i * 4 + j); end loop;
      words := words || word;
    end loop;
    for i in 17..80 loop
      word := words[i - 3] # words[i - 8] # words[i - 14] # words[i - 16];
      words := words || (((word << 1) & mask) | (word >> 31));
    end loop;
    a := sums[1]; b := sums[2]; c := sums[3]; d := sums[4]; e := sums[5];
    for i in 1..80 loop
      if i <= 20 then f := (b & c) | ((mask # b) & d); k := 1518500249;
      elsif i <= 40 then f := b # c # d; k := 1859775393;
      elsif i <= 60 then f := (b & c) | (b & d) | (c & d); k := 2400959708;
      else f := b # c # d; k := 3395469782;
      end if;
      word := (((a << 5) & mask) | (a >> 27)) + f + e + k + words[i] & mask;
      e := d; d := c; c := ((b << 30) & mask) | (b >> 2); b := a; a := word;
    end loop;
    sums := array[sums[1] + a & mask, sums[2] + b & mask, sums[3] + c & mask, sums[4] + d & mask, sums[5] + e & mask];
  end loop;
  select pg_catalog.string_agg(pg_catalog.lpad(pg_catalog.to_hex(s.sum), 8, '0'), '' order by s.place) into text
  from pg_catalog.unnest(sums) with ordinality as s (sum, place);
  return text;
end $function$
