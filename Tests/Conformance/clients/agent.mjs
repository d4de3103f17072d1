// Uploads in chunked coding through an agent that keeps one connection, each followed by another
// request at once. Prints a line of JSON for each target: the statuses, and what was lost.
import http from "node:http";

const [base, rounds, ...uploads] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function send(method, url, headers, pieces) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", reject);
    });
    request.on("error", reject);
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

for (const upload of uploads) {
  const { name, method, path, headers, size } = JSON.parse(upload);
  const pieces = Array.from({ length: Math.ceil(size / 65536) }, () => Buffer.alloc(65536, "x"));
  const result = { name, statuses: [], lost: [] };
  for (let round = 0; round < Number(rounds); round += 1) {
    try {
      result.statuses.push(await send(method, base + path, headers, pieces));
    } catch (error) {
      result.lost.push(`the upload: ${error.code ?? error}`);
    }
    try {
      const status = await send("GET", `${base}/_wavetank/version`, {}, []);
      if (status !== 200) result.lost.push(`the next request: ${status}`);
    } catch (error) {
      result.lost.push(`the next request: ${error.code ?? error}`);
    }
  }
  console.log(JSON.stringify(result));
}
agent.destroy();
