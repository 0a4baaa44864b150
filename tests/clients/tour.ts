/**
 * The README's tour through the types that openapi-typescript made, and openapi-fetch.
 *
 *     node tour.js http://127.0.0.1:8000
 */
import assert from "node:assert/strict";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

type Shapes = components["schemas"];
type Api = Client<paths>;
type Answer<T> = { data?: T; error?: unknown; response: Response };

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const PASSWORD = "correct horse";

async function main(address: string): Promise<void> {
  const api = await anAccount(address);
  await aChallengeFromTheCatalogue(api);
  const today = got(await api.GET("/today")).date;
  const { read, call, plants } = await twoWeeksOfLog(api, today);
  await todayInAmounts(api, read);
  await howItGoes(api, read, call, plants);
  await oneFieldAlone(api, read);
  await whatIsRefused(address, api, read, today);
  const left = await api.DELETE("/users/me");
  assert.equal(left.response.status, 204);
  console.log("TypeScript: the tour is done");
}

function got<T>(answer: Answer<T>): T {
  assert(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

async function anAccount(address: string): Promise<Api> {
  const visitor = createClient<paths>({ baseUrl: address });
  assert.equal(got(await visitor.GET("/health")).status, "ok");
  const email = "anna@example.test";
  const body = { email, password: PASSWORD, time_zone: "Europe/Moscow", day_starts_at: "03:00" };
  assert.equal(got(await visitor.POST("/users", { body })).day_starts_at, "03:00");
  const form: Shapes["LoginForm"] = { grant_type: "password", username: email, password: PASSWORD };
  const login = got(await visitor.POST("/auth/token", { body: form, headers: FORM }));
  const api = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${login.access_token}` } });
  assert.equal(got(await api.GET("/users/me")).email, email);
  return api;
}

async function aChallengeFromTheCatalogue(api: Api): Promise<void> {
  const shelf = got(await api.GET("/templates", { params: { query: { category: "fitness", limit: 1 } } }));
  assert.equal(shelf.items.length, 1);
  const hard = await start(api, { template: "75-hard" });
  assert.deepEqual([hard.title, hard.on_miss, hard.allowed_misses, hard.attempt], ["75 Hard", "restart", 0, 1]);
}

async function start(api: Api, body: Shapes["ChallengeCreate"]): Promise<Shapes["Challenge"]> {
  return got(await api.POST("/challenges", { body }));
}

function ago(today: string, days: number): string {
  const instant = new Date(`${today}T00:00:00Z`);
  instant.setUTCDate(instant.getUTCDate() - days);
  return instant.toISOString().slice(0, 10);
}

/** Challenges of each schedule, kind and direction; the ids of three of them. */
async function twoWeeksOfLog(api: Api, today: string): Promise<{ read: number; call: number; plants: number }> {
  const start_date = ago(today, 14);
  const fortnight = Array.from({ length: 14 }, (_, index) => ago(today, 14 - index));
  const read = (await start(api, { title: "Read", kind: "measure", target: 20, unit: "pages", start_date })).id;
  const weekly: Shapes["Weekly"] = { type: "weekly", days: ["mon", "thu"] };
  const call = (await start(api, { title: "Call home", schedule: weekly, start_date })).id;
  const run = (await start(api, { title: "Run", schedule: { type: "times", count: 3, per: "week" }, start_date })).id;
  const plants = (await start(api, { title: "Plants", schedule: { type: "interval", days: 2 }, start_date })).id;
  for (const [index, day] of fortnight.entries()) {
    await log(api, read, day, { value: 25 });
    await log(api, run, day, {});
    if (index % 2 === 0) await log(api, plants, day, {});
  }
  const asleep = await log(api, read, ago(today, 9), { value: 12, note: "fell asleep" });
  assert.deepEqual([asleep.outcome, asleep.note], ["partial", "fell asleep"]);
  const excused = await log(api, read, ago(today, 5), { skipped: true });
  assert.deepEqual([excused.outcome, excused.value, excused.progress.current_streak], ["skipped", null, 7]);
  return { read, call, plants };
}

async function log(api: Api, challenge_id: number, date: string, body: Shapes["EntryWrite"]): Promise<Shapes["EntryLogged"]> {
  return got(await api.PUT("/challenges/{challenge_id}/log/{date}", { params: { path: { challenge_id, date } }, body }));
}

async function todayInAmounts(api: Api, read: number): Promise<void> {
  const first = await add(api, read, 15);
  assert.deepEqual([first.value, first.outcome, first.progress.current_streak], [15, "partial", 7]);
  const second = await add(api, read, 10);
  assert.deepEqual([second.value, second.outcome, second.progress.current_streak], [25, "done", 8]);
  const limit = { title: "Coffee", kind: "measure", direction: "at_most", target: 2, unit: "cups" } as const;
  const coffee = (await start(api, limit)).id;
  assert.equal((await log(api, coffee, "today", { value: 3 })).outcome, "missed");
  const today = got(await api.GET("/today"));
  assert.equal(today.time_zone, "Europe/Moscow");
  const shown = today.items.map((item) => item.challenge.id);
  assert(shown.includes(read) && shown.includes(coffee));
}

async function add(api: Api, challenge_id: number, amount: number): Promise<Shapes["EntryLogged"]> {
  const path = { challenge_id, date: "today" };
  return got(await api.POST("/challenges/{challenge_id}/log/{date}/add", { params: { path }, body: { amount } }));
}

async function howItGoes(api: Api, read: number, call: number, plants: number): Promise<void> {
  const reading = await stats(api, read);
  const counts = [reading.due, reading.done, reading.partial, reading.missed, reading.skipped];
  assert.deepEqual(counts, [15, 13, 1, 0, 1]);
  assert.equal(reading.completion_rate?.toFixed(4), "0.9286");
  assert.equal((await stats(api, plants)).completion_rate, 1);
  assert.equal((await stats(api, call)).missed, 4);
}

async function stats(api: Api, challenge_id: number): Promise<Shapes["Stats"]> {
  return got(await api.GET("/challenges/{challenge_id}/stats", { params: { path: { challenge_id } } }));
}

/** What was not set is not sent, and so stays. */
async function oneFieldAlone(api: Api, challenge_id: number): Promise<void> {
  const params = { path: { challenge_id } };
  const before = got(await api.GET("/challenges/{challenge_id}", { params }));
  const after = got(await api.PATCH("/challenges/{challenge_id}", { params, body: { title: "Books" } }));
  assert.deepEqual({ ...after, title: before.title, updated_at: before.updated_at }, before);
  const me = got(await api.PATCH("/users/me", { body: { display_name: "A" } }));
  assert.deepEqual([me.display_name, me.time_zone, me.day_starts_at], ["A", "Europe/Moscow", "03:00"]);
}

async function whatIsRefused(address: string, api: Api, read: number, today: string): Promise<void> {
  const path = { challenge_id: read, date: ago(today, -9) };
  const ahead = await api.PUT("/challenges/{challenge_id}/log/{date}", { params: { path }, body: { value: 1 } });
  assert.equal(ahead.error?.code, "date_in_future");
  const unknown = await api.GET("/challenges/{challenge_id}", { params: { path: { challenge_id: 999_999 } } });
  assert.equal(unknown.error?.code, "challenge_not_found");
  const stranger = createClient<paths>({ baseUrl: address });
  assert.equal((await stranger.GET("/today")).error?.code, "unauthorized");
}

await main(process.argv[2] ?? "");
