import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

/** Whether there is an `openssl` to make certificates with. */
export function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** An authority that vouches for 127.0.0.1 and for clients; all are valid for a day. Files are left in `folder`. */
export function authority(folder: string, name: string) {
  const file = (of: string, kind: "crt" | "key" | "csr" | "ext") => join(folder, `${name}-${of}.${kind}`);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const [cert, key] = [file("ca", "crt"), file("ca", "key")];
  const all = ["-x509", ...newKey, "-days", "1", "-keyout", key, "-out", cert];
  openssl("req", ...all, "-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign");
  /** @param address that the certificate is for, as `IP:127.0.0.1` */
  const certificate = (of: string, address: string): Certificate => {
    const request = ["-keyout", file(of, "key"), "-out", file(of, "csr")];
    openssl("req", ...newKey, ...request, "-subj", `/CN=${of}`, "-addext", `subjectAltName=${address}`);
    const by = ["-CA", cert, "-CAkey", key, "-CAcreateserial", "-days", "1", "-copy_extensions", "copy"];
    openssl("x509", "-req", "-in", file(of, "csr"), ...by, "-out", file(of, "crt"));
    return { cert: readFileSync(file(of, "crt"), "utf8"), key: readFileSync(file(of, "key"), "utf8") };
  };
  return { file: cert, ca: readFileSync(cert, "utf8"), certificate };
}
