import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";

export interface SelfSigned {
  /** Both PEM. */
  readonly cert: string;
  readonly key: string;
}

/** ecdsa-with-SHA256 (RFC 5758) and the common name (X.520). */
const oids = { ecdsaWithSha256: "1.2.840.10045.4.3.2", commonName: "2.5.4.3" } as const;

const dayMs = 86_400_000;
/** Clocks of clients may be a little behind. */
const earlierMs = 3_600_000;

/**
 * A certificate of TLS servers (RFC 5280) that vouches for itself, with a key on P-256.
 * It is no authority: who trusts it trusts these names, and nobody can make certificates for others with its key.
 * @param names of hosts, as DNS has them, and addresses
 */
export function selfSigned(names: readonly string[], days: number, nowMs = Date.now()): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = new x509.AlgorithmIdentifier({ algorithm: oids.ecdsaWithSha256 });
  const serialNumber = randomSerial();
  // OpenSSL finds a certificate by its subject, and of two with the same one the first alone: no two have the same.
  const name = nameOf(`voxpool ${Buffer.from(serialNumber).toString("hex").slice(0, 16)}`);
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber,
    signature: algorithm,
    issuer: name,
    subject: name,
    validity: new x509.Validity({ notBefore: new Date(nowMs - earlierMs), notAfter: new Date(nowMs + days * dayMs) }),
    subjectPublicKeyInfo: AsnConvert.parse(spkiOf(publicKey), x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions(extensionsOf(names, publicKey)),
  });
  const signed = Buffer.from(AsnConvert.serialize(tbsCertificate));
  const signatureValue = arrayOf(sign("sha256", signed, privateKey));
  const der = AsnConvert.serialize(
    new x509.Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue }),
  );
  return { cert: pem(der), key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

function extensionsOf(names: readonly string[], publicKey: KeyObject): x509.Extension[] {
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? new x509.GeneralName({ dNSName: name }) : new x509.GeneralName({ iPAddress: name }),
  );
  const keyId = createHash("sha1").update(spkiOf(publicKey)).digest();
  return [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: false }), true),
    extension(x509.id_ce_keyUsage, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature), true),
    extension(x509.id_ce_extKeyUsage, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
    extension(x509.id_ce_subjectKeyIdentifier, new x509.SubjectKeyIdentifier(arrayOf(keyId))),
    extension(x509.id_ce_subjectAltName, new x509.SubjectAlternativeName(alternatives)),
  ];
}

function extension(extnID: string, value: object, critical = false): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function nameOf(commonName: string): x509.Name {
  const value = new x509.AttributeValue({ utf8String: commonName });
  const attribute = new x509.AttributeTypeAndValue({ type: oids.commonName, value });
  return new x509.Name([new x509.RelativeDistinguishedName([attribute])]);
}

/** 127 random bits: a positive number, without leading zeros that DER would not have. */
function randomSerial(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return arrayOf(bytes);
}

function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}

const arrayOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

function pem(der: ArrayBuffer): string {
  const lines = Buffer.from(der)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
