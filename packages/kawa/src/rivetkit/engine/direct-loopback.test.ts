import { describe, expect, it } from "vitest";
import { keepLoopbackDirect } from "./direct-loopback.ts";

const kept = (environment: Record<string, string>): Record<string, string> => {
  keepLoopbackDirect(environment as NodeJS.ProcessEnv);
  return environment;
};

describe("keepLoopbackDirect", () => {
  it.each(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"])(
    "keeps loopback from the proxy of %s",
    (name) => {
      expect(kept({ [name]: "http://proxy:3128" })).toEqual({
        [name]: "http://proxy:3128",
        NO_PROXY: "127.0.0.1,localhost,::1",
      });
    },
  );

  it("adds to what is there, under each name, and only once", () => {
    const environment = { HTTP_PROXY: "http://proxy", NO_PROXY: "intranet, localhost", no_proxy: "other" };
    const wanted = {
      ...environment,
      NO_PROXY: "intranet,localhost,127.0.0.1,::1",
      no_proxy: "other,127.0.0.1,localhost,::1",
    };
    expect(kept(environment)).toEqual(wanted);
    expect(kept({ ...wanted })).toEqual(wanted);
  });

  it("adds to the lower-case name alone where it is the only one", () => {
    expect(kept({ HTTP_PROXY: "http://proxy", no_proxy: "other" })["NO_PROXY"]).toBeUndefined();
  });

  it.each([{}, { HTTP_PROXY: "" }, { NO_PROXY: "intranet" }, { HTTP_PROXY: "http://proxy", NO_PROXY: "*" }])(
    "leaves %j as it is",
    (environment) => {
      expect(kept({ ...environment })).toEqual(environment);
    },
  );
});
