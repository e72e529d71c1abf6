// What k6 runs (overload.py): tiles arrive at a rate, whether or not the service takes them, and
// /livez is asked meanwhile. Writes latencies by status as JSON.
import http from 'k6/http';
import { Trend } from 'k6/metrics';

const plan = JSON.parse(open(__ENV.PLAN));
const body = open(plan.body, 'b');
const statuses = ['200', '429', '504', 'other'];
const took = Object.fromEntries(statuses.map((status) => [status, new Trend(`took_${status}`, true)]));
const alive = new Trend('alive', true);

export const options = {
  scenarios: plan.scenarios,
  discardResponseBodies: true,
  summaryTrendStats: ['count', 'med', 'p(95)', 'p(99)', 'max'],
};

export function load() {
  const answer = http.post(`${plan.url}/encode`, body, { headers: plan.headers, timeout: '60s' });
  (took[answer.status] || took.other).add(answer.timings.duration);
}

export function probe() {
  alive.add(http.get(`${plan.url}/livez`).timings.duration);
}

export function handleSummary(data) {
  const of = (name) => (data.metrics[name] || { values: { count: 0 } }).values;
  const dropped = of('dropped_iterations').count;
  const seen = Object.fromEntries(statuses.map((status) => [status, of(`took_${status}`)]));
  return { [plan.out]: JSON.stringify({ ...seen, livez: of('alive'), dropped }) };
}
