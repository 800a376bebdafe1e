// Connection URLs, taken apart in the browser. Each export is a test.
import { fromUrl, typeOfUrl } from "/connection_url.js";
import { is, same } from "/unit/expect.js";

const TYPES = [
  { type: "postgres", url_schemes: ["postgresql", "postgres"] },
  { type: "mysql", url_schemes: ["mysql", "mariadb"] },
  { type: "bigquery", url_schemes: ["bigquery"] },
];

export function the_scheme_tells_the_type() {
  is(typeOfUrl(" PostgreSQL://h/d ", TYPES).type, "postgres");
  is(typeOfUrl("mariadb://h/d", TYPES).type, "mysql");
  for (const text of ["db.example.com", "https://h/d", "", "postgres"]) is(typeOfUrl(text, TYPES), null);
}

export function every_part_is_taken() {
  same(fromUrl("postgresql://us%40er:p%3Aw@db.example.com:80/sh%20op?sslmode=require"), {
    values: { host: "db.example.com", port: "80", database: "sh op", user: "us@er", tls: "require" },
    secrets: { password: "p:w" },
  });
}

export function an_instance_stands_in_place_of_a_host() {
  same(fromUrl("postgresql://u%40p.iam@/shop?instance=p:r:i&ip-type=psc&login=iam"), {
    values: { database: "shop", user: "u@p.iam", instance: "p:r:i", ip_type: "psc", login: "iam" },
    secrets: {},
  });
  same(fromUrl("mysql:///shop?instance=p:r:i").values, { database: "shop", instance: "p:r:i" });
}

export function bigquery_has_a_project_and_no_host() {
  is(typeOfUrl("bigquery://p/d", TYPES).type, "bigquery");
  same(fromUrl("bigquery://my-project/sales?billing-project=paying&location=EU"), {
    values: {
      project: "my-project", datasets: "sales", login: "iam", billing_project: "paying", location: "EU",
    },
    secrets: {},
  });
  same(fromUrl("bigquery://my-project?login=key").values, { project: "my-project", login: "key" });
  is(fromUrl("bigquery://key@my-project/sales"), null);
}

export function what_is_not_said_is_left_as_it_is() {
  same(fromUrl("mysql://h"), { values: { host: "h" }, secrets: {} });
  same(fromUrl("mysql://u@[::1]/d").values, { host: "::1", database: "d", user: "u" });
  is(fromUrl("mysql://h/d?ssl-mode=verify_identity").values.tls, "verify-full");
}

export function a_password_that_breaks_the_url_is_never_taken_for_a_host() {
  for (const password of ["a/b", "1/b", "1?b", "1#b", "a#b", "1/b@c"]) {
    is(fromUrl(`postgresql://u:${password}@h/d`), null);
  }
}
