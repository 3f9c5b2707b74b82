// Contexts: the file that people and commands write, which cluster is meant, and where secrets come from. No cluster is asked.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { chooseCluster } from "../../src/people/connect.ts";
import { contextsPath } from "../../src/people/contexts.ts";
import { readSecret, secretPlace } from "../../src/people/secrets.ts";
import { securityOptions } from "../../src/people/security.ts";
import { temporaryFolder } from "../run-ottla.ts";
import { ottlaCommand } from "./run-people.ts";
import type { PeopleResult } from "./run-people.ts";

class File {
  readonly folder: string;
  readonly path: string;
  readonly env: Record<string, string>;

  constructor(context: TestContext, text?: string) {
    this.folder = temporaryFolder(context);
    this.path = join(this.folder, "deep", "config.yaml");
    this.env = { OTTLA_CONFIG: this.path };
    if (text === undefined) return;
    mkdirSync(join(this.folder, "deep"));
    writeFileSync(this.path, text);
  }

  run(line: string, options: { input?: string; answers?: string[] } = {}): Promise<PeopleResult> {
    return ottlaCommand(["context", ...line.split(" ")], { env: this.env, ...options });
  }

  get text(): string {
    return readFileSync(this.path, "utf8");
  }
}

test("the first context becomes the current one; the file and its folder are the owner's alone", async (context) => {
  const file = new File(context);
  assert.equal((await file.run("add dev -b a:1")).stdout, "added dev, which is the current context now\n");
  assert.equal((await file.run("add prod -b b:1,c:2")).stdout, "added prod\n");
  assert.equal(
    file.text,
    "current: dev\ncontexts:\n  dev:\n    bootstrapServers: a:1\n  prod:\n    bootstrapServers: b:1,c:2\n",
  );
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.equal(statSync(join(file.folder, "deep")).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(file.folder, "deep")), ["config.yaml"]);
  assert.deepEqual(JSON.parse((await file.run("list -o json")).stdout), [
    { name: "dev", isCurrent: true, bootstrapServers: "a:1", security: "PLAINTEXT" },
    { name: "prod", isCurrent: false, bootstrapServers: "b:1,c:2", security: "PLAINTEXT" },
  ]);
});

test("changes keep comments and order, and a link stays a link", async (context) => {
  const file = new File(
    context,
    "# mine\ncontexts:\n  b: # second\n    bootstrapServers: [b:1, b:2]\n  a:\n    bootstrapServers: a:1\n",
  );
  const link = join(file.folder, "link.yaml");
  symlinkSync(file.path, link);
  const run = (line: string): Promise<PeopleResult> => ottlaCommand(`context ${line}`, { env: { OTTLA_CONFIG: link } });
  assert.equal((await run("use b")).stdout, "b is the current context\n");
  assert.equal((await run("remove a --yes")).stdout, "removed a\n");
  assert.match(
    file.text,
    /^# mine\ncontexts:\n {2}b:\n {4}# second\n {4}bootstrapServers: \[ b:1, b:2 \]\ncurrent: b\n$/,
  );
  assert.equal((await run("remove b --yes")).stdout, "removed b; no context is the current one now\n");
  assert.equal(
    (await run("show")).stderr,
    "ottla: no context is the current one; ottla context use NAME makes one so\n",
  );
});

test("a context that is there is not overwritten unless told", async (context) => {
  const file = new File(context);
  await file.run("add dev -b a:1");
  const again = await file.run("add dev -b b:1");
  assert.deepEqual(
    [again.code, again.stderr],
    [1, "ottla: there is a context dev already; --replace writes it anew\n"],
  );
  await file.run("add dev -b b:1 --replace");
  assert.match(file.text, /bootstrapServers: b:1/);
});

test("removing asks, and anything but yes changes nothing", async (context) => {
  const file = new File(context, "contexts:\n  a:\n    bootstrapServers: a:1\n");
  const before = file.text;
  const no = await file.run("remove a", { answers: ["n"] });
  assert.deepEqual(
    [no.code, no.stderr, no.questions],
    [1, "ottla: nothing was changed\n", ["Remove the context a (a:1)? [y/N] "]],
  );
  assert.equal((await file.run("remove a")).code, 2);
  assert.equal(file.text, before);
});

test("TLS and SASL are kept, the password from stdin among them, and shown without the secret", async (context) => {
  const file = new File(context);
  await file.run(
    "add prod -b a:1 --tls-ca /ca.pem --tls-cert /c.pem --tls-key /k.pem --tls-key-password-env KEY --tls-server-name n --no-tls-verify --sasl PLAIN --username alice --password-stdin --client-id me",
    { input: "geheim\n" },
  );
  assert.match(file.text, /password: geheim\n/);
  const { stdout } = await file.run("show -o json");
  assert.deepEqual(JSON.parse(stdout), {
    name: "prod",
    isCurrent: true,
    bootstrapServers: "a:1",
    clientId: "me",
    security: "SASL_SSL PLAIN",
    tls: { ca: "/ca.pem", cert: "/c.pem", key: "/k.pem", keyPassword: "$KEY", serverName: "n", verify: false },
    sasl: { mechanism: "PLAIN", username: "alice", password: "(kept in the file of contexts)" },
  });
  for (const format of ["table", "json", "yaml"]) {
    assert.doesNotMatch((await file.run(`show -o ${format}`)).stdout, /geheim/);
  }
});

describe("options of add that do not go together are refused with 2, and nothing is written:", () => {
  const rows: readonly (readonly [line: string, message: RegExp])[] = [
    ["add dev", /--bootstrap is needed/],
    ["add dev -b nowhere", /nowhere is not host:port/],
    ["add dev -b x:65536", /x:65536 is not host:port/],
    ["add a/b -b a:1", /a\/b is no name of a context/],
    ["add dev -b a:1 --tls-cert x", /--tls-cert and --tls-key go together/],
    ["add dev -b a:1 --tls-key-password-env X", /needs --tls-key/],
    ["add dev -b a:1 --username x", /needs --sasl/],
    ["add dev -b a:1 --sasl PLAIN --username x", /needs one of --password-env/],
    ["add dev -b a:1 --sasl PLAIN --password-env X", /needs --username/],
    ["add dev -b a:1 --sasl OAUTHBEARER --username x --password-env X", /has no --username/],
    ["add dev -b a:1 --sasl PLAIN --username x --password-env X --password-file y", /in one place only/],
    ["add dev -b a:1 --sasl PLAIN --username x --password-stdin", /nothing came/],
    ["add dev -b a:1 --sasl GSSAPI", /Allowed choices are PLAIN/],
  ];
  for (const [line, message] of rows) {
    test(line, async (context) => {
      const file = new File(context);
      const result = await file.run(line);
      assert.match(result.stderr, message);
      assert.match(result.stderr, /^ottla: [^\n]*\n$/);
      assert.equal(result.code, 2);
      assert.equal(existsSync(file.path), false);
    });
  }
});

test("a current context that is not there is told to those that need it, and mended by use", async (context) => {
  const file = new File(context, "current: x\ncontexts: { a: { bootstrapServers: 127.0.0.1:1 } }\n");
  for (const words of [
    ["context", "show"],
    ["topic", "list"],
  ]) {
    const { code, stderr } = await ottlaCommand(words, { env: file.env });
    assert.deepEqual([code, stderr], [1, "ottla: there is no context x; there are a\n"]);
  }
  assert.deepEqual(
    (JSON.parse((await file.run("list -o json")).stdout) as { isCurrent: boolean }[]).map((each) => each.isCurrent),
    [false],
  );
  assert.equal((await file.run("use a")).stdout, "a is the current context\n");
  assert.match(file.text, /^current: a\n/);
});

test("a file that cannot be read is told by its name", async (context) => {
  const folder = temporaryFolder(context);
  const { code, stderr } = await ottlaCommand("context list", { env: { OTTLA_CONFIG: folder } });
  assert.deepEqual([code, stderr], [1, `ottla: ${folder}: EISDIR: illegal operation on a directory\n`]);
});

describe("mistakes in the file are told with their place:", () => {
  const rows: readonly (readonly [text: string, message: RegExp])[] = [
    ["contexts: [", /config\.yaml: /],
    ["context: {}", /there is no "context", but current, contexts/],
    ["contexts: {a: }", /contexts\.a: it has to be names with values/],
    ["contexts: {a: {}}", /contexts\.a: bootstrapServers is missing/],
    ["contexts: {a: {bootstrapServers: 9092}}", /contexts\.a\.bootstrapServers: it has to be a text/],
    ["contexts: {a: {bootstrapServers: a:1, tsl: true}}", /contexts\.a: there is no "tsl"/],
    ["contexts: {a: {bootstrapServers: a:1, tls: {cert: c}}}", /contexts\.a\.tls: cert and key go together/],
    ["contexts: {a: {bootstrapServers: a:1, tls: {verify: maybe}}}", /contexts\.a\.tls\.verify: it is true or false/],
    [
      "contexts: {a: {bootstrapServers: a:1, sasl: {mechanism: X}}}",
      /contexts\.a\.sasl\.mechanism: there is no X, but PLAIN/,
    ],
    [
      "contexts: {a: {bootstrapServers: a:1, sasl: {mechanism: PLAIN, username: u}}}",
      /contexts\.a\.sasl: PLAIN needs password/,
    ],
    [
      "contexts: {a: {bootstrapServers: a:1, sasl: {mechanism: PLAIN, username: u, password: {env: A, file: B}}}}",
      /contexts\.a\.sasl\.password: it is a text, or one of env, file, command/,
    ],
  ];
  for (const [text, message] of rows) {
    test(text, async (context) => {
      const file = new File(context, text);
      const result = await file.run("list");
      assert.match(result.stderr, message);
      assert.deepEqual([result.code, result.stderr.split("\n").length], [1, 2]);
      // A command that would change it leaves it as it is.
      assert.equal((await file.run("add b -b b:1")).code, 1);
      assert.equal(file.text, text);
    });
  }
});

describe("which cluster is meant:", () => {
  const text =
    "current: dev\ncontexts:\n  dev: {bootstrapServers: dev:1}\n  prod: {bootstrapServers: prod:1, sasl: {mechanism: PLAIN, username: u, password: p}}\n";
  const rows: readonly (readonly [
    sentence: string,
    flags: { context?: string; bootstrap?: string },
    expected: unknown,
  ])[] = [
    ["the current context without anything", {}, ["dev", "dev:1", false]],
    ["the one that is named", { context: "prod" }, ["prod", "prod:1", true]],
    ["an address alone takes no password of a context", { bootstrap: "x:1" }, [null, "x:1", false]],
    ["a context at another address", { context: "prod", bootstrap: "x:1" }, ["prod", "x:1", true]],
  ];
  for (const [sentence, flags, expected] of rows) {
    test(sentence, async (context) => {
      const { context: chosen, target } = await chooseCluster(flags, new File(context, text).env);
      assert.deepEqual([target.name, chosen.bootstrapServers, chosen.sasl !== undefined], expected);
      assert.equal(target.servers, chosen.bootstrapServers);
    });
  }

  test("localhost:9092 when there is no file", async (context) => {
    const { target } = await chooseCluster({}, new File(context).env);
    assert.deepEqual(target, { name: null, servers: "localhost:9092" });
  });

  test("a name that is not there names those that are", async (context) => {
    const { env } = new File(context, text);
    await assert.rejects(chooseCluster({ context: "test" }, env), {
      message: "there is no context test; there are dev, prod",
    });
  });

  test("the file is where the environment says", () => {
    assert.equal(contextsPath({ OTTLA_CONFIG: "/x.yaml", HOME: "/h" }), "/x.yaml");
    assert.equal(contextsPath({ XDG_CONFIG_HOME: "/c", HOME: "/h" }), "/c/ottla/config.yaml");
    assert.equal(contextsPath({ XDG_CONFIG_HOME: "", HOME: "/h" }), "/h/.config/ottla/config.yaml");
  });
});

describe("secrets:", () => {
  test("come from the environment, a file, a command or the context itself, without the last line's end", async (context) => {
    const folder = temporaryFolder(context);
    writeFileSync(join(folder, "password"), "from file\r\n");
    const places = { env: { SECRET: "from env " }, folder };
    assert.equal(await readSecret("p", "as it is\n", places), "as it is\n");
    assert.equal(await readSecret("p", { env: "SECRET" }, places), "from env ");
    assert.equal(await readSecret("p", { file: "password" }, places), "from file");
    assert.equal(await readSecret("p", { command: "printf 'from command\\n\\n'" }, places), "from command\n");
  });

  test("that are not there say where they should be", async (context) => {
    const places = { env: {}, folder: temporaryFolder(context) };
    await assert.rejects(readSecret("p", { env: "SECRET" }, places), { message: "p: the environment has no SECRET" });
    await assert.rejects(readSecret("p", { file: "nowhere" }, places), /^CommandError: p: ENOENT/);
    await assert.rejects(readSecret("p", { command: "echo sorry >&2; exit 3" }, places), /p: `.*` sorry$/);
    await assert.rejects(readSecret("p", { command: "exit 3" }, places), /p: `exit 3` ended with 3$/);
    assert.equal(secretPlace({ command: "pass x" }), "what is printed by: pass x");
  });

  test("and files of TLS are read when somebody connects, from where the file of contexts is", async (context) => {
    const file = new File(context, "");
    writeFileSync(join(file.folder, "deep", "ca.pem"), "CA");
    writeFileSync(join(file.folder, "deep", "token"), "one\n");
    const made = await securityOptions(
      {
        bootstrapServers: "a:1",
        tls: { ca: "ca.pem", serverName: "n", verify: false },
        sasl: { mechanism: "OAUTHBEARER", token: { file: "token" } },
      },
      file.env,
    );
    assert.deepEqual(made.tls, { ca: Buffer.from("CA"), servername: "n", rejectUnauthorized: false });
    assert.equal(made.sasl?.mechanism, "OAUTHBEARER");
    const token = made.sasl?.mechanism === "OAUTHBEARER" ? made.sasl.token : null;
    assert.deepEqual(await token!(), { value: "one" });
    // Each connection asks anew.
    writeFileSync(join(file.folder, "deep", "token"), "two\n");
    assert.deepEqual(await token!(), { value: "two" });
    const missing = securityOptions({ bootstrapServers: "a:1", tls: { ca: "no.pem" } }, file.env);
    await assert.rejects(missing, /CommandError: tls\.ca: ENOENT/);
  });
});
