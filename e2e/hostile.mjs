// A job whose test names and messages try to break out of where they are shown.

/** What a script of a test name would do if it ran. */
export const MARK = "seamgrid-was-broken";

export const DASHBOARD = "hostile";
export const TAB = "names";

/** The same with groups of rows, by the first letter of their names. */
export const GROUPED = "grouped names";

/** Test names as a job may write them. */
export const NAMES = [
  `<script>document.title = '${MARK}'</script>`,
  `<img src=x onerror="document.title='${MARK}'">`,
  `"><svg onload=document.title='${MARK}'>`,
  `' onmouseover='document.title="${MARK}"`,
  "right to left \u202egnorw\u202c and back",
  "zero\u200bwidth\u2066isolate",
  "{{constructor.constructor('return 1')()}}",
  "-->]]></script><!--",
  `one megabyte ${"x".repeat(1_000_000)}`,
];

const message = `</script><script>document.title='${MARK}'</script> \u202e ${"y".repeat(1_000_000)}`;

/** [path in the world, content] of the configuration and of three builds. */
export function hostileBuilds(truth) {
  const job = "hostile-names";
  const files = [
    [
      "config/testgrids/hostile.yaml",
      `test_groups:
- name: ${job}
  gcs_prefix: ${truth.bucket}/logs/${job}
dashboards:
- name: ${DASHBOARD}
  dashboard_tab:
  - name: ${TAB}
    test_group_name: ${job}
    description: '<script>document.title = "${MARK}"</script>'
    alert_options:
      num_failures_to_alert: 1
  - name: ${GROUPED}
    test_group_name: ${job}
    base_options: group-by-hierarchy-pattern=%5E.%7C.%2B&expand-groups=&sort-by-name=
`,
    ],
  ];
  const cases = NAMES.map(
    (name, index) =>
      `<testcase name="${escape(name)}" classname="c" time="1"><failure message="${escape(
        index === 0 ? message : name.slice(0, 300),
      )}">${escape(index === 0 ? message : name.slice(0, 300))}</failure></testcase>`,
  );
  const junit = `<?xml version="1.0" encoding="UTF-8"?><testsuite tests="${NAMES.length}">${cases.join("")}</testsuite>`;
  const hour = 3600;
  const last = Math.floor(truth.end_ms / 1000) - 2 * hour;
  for (let build = 0; build < 3; build += 1) {
    const started = last - build * 2 * hour;
    const folder = `bucket/${truth.bucket}/logs/${job}/${1_000 - build}`;
    files.push(
      [`${folder}/started.json`, JSON.stringify({ timestamp: started })],
      [
        `${folder}/finished.json`,
        JSON.stringify({ timestamp: started + hour, passed: false, result: "FAILURE" }),
      ],
      [`${folder}/artifacts/junit_01.xml`, junit],
    );
  }
  return files;
}

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
