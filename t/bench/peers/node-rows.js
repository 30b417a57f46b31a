// The rows of a table as JSON lines by pg and pg-query-stream: node node-rows.js TABLE
const { Client } = require('pg');
const QueryStream = require('pg-query-stream');

async function main() {
  const client = new Client(); // by PGHOST and its like
  await client.connect();
  let text = '';
  for await (const row of client.query(new QueryStream('select * from ' + process.argv[2], [], { batchSize: 1000 }))) {
    text += JSON.stringify(row) + '\n';
    if (text.length < 65536) continue;
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    text = '';
  }
  process.stdout.write(text);
  await client.end();
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
