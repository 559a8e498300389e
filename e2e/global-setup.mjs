// One world and one server for all tests: they only read, or take back what they wrote.

import { join } from "node:path";
import process from "node:process";

import { options, prepareWorld, results, serve } from "./world.mjs";

export default async function setup() {
  const folder = join(results, "world");
  prepareWorld(folder);
  const server = await serve(folder, "--no-update", ...options);
  process.env.SEAMGRID_URL = server.url;
  process.env.SEAMGRID_WORLD = join(folder, "world");
  return server.stop;
}
