"use strict";
// What the points of the map may be coloured by: groups with a name, a colour and who belongs to them.
// The colours differ in lightness as well, after Okabe and Ito, and stand out from the dark ground.

const mapGroups = (() => {
  const QUIET = "#64747f";
  const CLUSTERS = ["#56b4e9", "#e69f00", "#00b184", "#f0e442", "#cc79a7", "#d55e00", "#8f9bff", "#dfe6ea"];
  const VERDICTS = [["keep", QUIET], ["review", "#f0b44c"], ["drop", "#ff6a3d"]];
  const STATES = [["undecided", "#4a5760"], ["keep", "#00b184"], ["review", "#f0e442"], ["drop", "#ff6a3d"], ["conflict", "#e58fc0"]];
  const SCORES = [[0.1, "#3d5068"], [0.3, "#6f7277"], [0.5, "#a0977a"], [0.9, "#d1bd60"], [2, "#fee838"]];

  // Colours beyond those: hues by the golden angle, never near grey, which is that of the stray tiles.
  function further(at) {
    const [hue, light] = [(at * 137.5) % 360, at % 2 ? 0.76 : 0.6];
    const part = (shift) => {
      const place = (shift + hue / 30) % 12;
      const value = light - 0.6 * Math.min(light, 1 - light) * Math.max(-1, Math.min(place - 3, 9 - place, 1));
      return Math.round(255 * value).toString(16).padStart(2, "0");
    };
    return `#${part(0)}${part(8)}${part(4)}`;
  }

  // Groups of what a column of small numbers says; the later ones are drawn above the others.
  function coded(column, kinds) {
    return { groups: kinds.map(([name, colour]) => ({ name, colour })), of: (i) => column[i] };
  }

  function clusters(labels, named) {
    const bySize = [...named.clusters].filter((one) => one.size).sort((one, other) => other.size - one.size);
    const order = named.stray.size ? [...bySize, named.stray] : bySize;
    const place = new Map(order.map((one, at) => [one.label, at]));
    const groups = order.map((one, at) => ({
      name: one.stray ? "Stray tiles" : one.name ? `${one.name} (cluster ${one.label})` : `Cluster ${one.label}`,
      colour: one.stray ? "#4a5760" : CLUSTERS[at] ?? further(at),
      link: `/view/clusters/${one.label}`,
    }));
    return { groups, of: (i) => place.get(labels[i]) };
  }

  function scores(column) {
    const groups = SCORES.map(([end, colour], at) => ({
      name: `${at ? SCORES[at - 1][0] : 0} to ${Math.min(1, end)}`, colour,
    }));
    const bins = Uint8Array.from({ length: 256 }, (_, value) => SCORES.findIndex(([end]) => value / 255 < end));
    return { groups, of: (i) => bins[column[i]] };
  }

  return {
    verdict: (data) => coded(data.verdicts, VERDICTS),
    cluster: (data) => clusters(data.labels, data.clusters),
    decision: (data) => coded(data.states, STATES),
    score: (data) => scores(data.scores),
    names: { verdicts: VERDICTS.map(([name]) => name), states: STATES.map(([name]) => name) },
  };
})();
