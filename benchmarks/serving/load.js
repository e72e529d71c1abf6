// What k6 runs (generator.py): a plan of requests, sent in closed or open loop; optionally a
// probe of another path meanwhile. Writes counts and latencies of each scenario as JSON.
import http from 'k6/http';

const plan = JSON.parse(open(__ENV.PLAN));
const bodies = plan.requests.map((one) => (one.body ? open(one.body, 'b') : null));
const names = Object.keys(plan.scenarios);

export const options = {
  scenarios: plan.scenarios,
  discardResponseBodies: true,
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
  // A threshold that always holds makes k6 keep the figures of each scenario apart.
  thresholds: Object.fromEntries(
    names.flatMap((name) => [
      [`http_req_duration{scenario:${name}}`, ['max>=0']],
      [`http_reqs{scenario:${name}}`, ['count>=0']],
      [`http_req_failed{scenario:${name}}`, ['rate>=0']],
    ]),
  ),
};

let turn = 0;

export function load() {
  const at = (__VU * 7 + turn++) % plan.requests.length;
  const { method, path, headers } = plan.requests[at];
  http.request(method, plan.url + path, bodies[at], { headers, timeout: '120s' });
}

export function probe() {
  http.get(plan.url + plan.probe);
}

export function handleSummary(data) {
  const seen = { seconds: data.state.testRunDurationMs / 1000 };
  for (const name of names) {
    const of = (metric) => (data.metrics[`${metric}{scenario:${name}}`] || { values: {} }).values;
    seen[name] = { ...of('http_req_duration'), ...of('http_reqs'), failed: of('http_req_failed').rate };
  }
  const dropped = data.metrics.dropped_iterations;
  seen.dropped = dropped ? dropped.values.count : 0;
  return { [plan.out]: JSON.stringify(seen) };
}
