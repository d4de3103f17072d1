// What a user of the SDK writes.
import { Hub } from "./hub.mjs";

const hub = new Hub(process.env.SCRAMJET_HUB_URL);
for (const name of ["arrivals", "departures", "weather"]) await hub.createTopic(name);
console.log((await hub.topics()).length, "topics");
