/** The webhook's certificate: read from files, and read again when they change, as cert-manager renews them. */
import { X509Certificate } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { TenantryError } from '../../errors.ts';
import type { Logger } from '../../log.ts';

export interface CertificateFiles {
  /** PEM of the certificate and what leads from it to the CA. */
  readonly certFile: string;
  /** PEM of its private key. */
  readonly keyFile: string;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The files of a Secret of type kubernetes.io/tls that is mounted at the folder. */
export function certificateIn(folder: string): CertificateFiles {
  return { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
}

/** @throws MissingSetting when a file cannot be read or the two do not belong together; the key is never shown */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<KeyPair> {
  const read = (file: string): Promise<string> =>
    readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw unusable(`${file} cannot be read (${cause.code})`);
    });
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw unusable(
      `${certFile} and ${keyFile} are no certificate with its key (${(error as { code?: string }).code ?? 'unreadable'})`,
    );
  }
  return { cert, key };
}

function unusable(message: string): TenantryError {
  return new TenantryError('MissingSetting', message, {
    hint: 'mount the Secret with tls.crt and tls.key; see docs/kubernetes/injection.md',
  });
}

/** RFC 3339 time at which a certificate ends. */
export function endOf(cert: string): string {
  return new X509Certificate(cert).validToDate.toISOString();
}

export interface FollowOptions {
  readonly files: CertificateFiles;
  readonly onChange: (pair: KeyPair) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. Default 10,000. */
  readonly everyMs?: number;
}

/**
 * Looks at the files until the signal aborts. A pair that cannot be used is logged and the one before stays: a renewal
 * writes two files, one after the other. By their state and not by events, which a mounted Secret has none of: it is
 * replaced by a link to another folder.
 */
export function followCertificate({ files, onChange, log, signal, everyMs = 10_000 }: FollowOptions): void {
  const { certFile, keyFile } = files;
  const again = async (): Promise<void> => {
    try {
      const pair = await readCertificate(files);
      if (signal.aborted) return;
      onChange(pair);
      log.info({ ends: endOf(pair.cert) }, 'the certificate of the webhook was read again');
    } catch (error) {
      log.warn(
        { err: error },
        'the certificate of the webhook changed and cannot be used; the one before stays',
      );
    }
  };
  const changed = (): void => void again();
  for (const file of [certFile, keyFile]) watchFile(file, { interval: everyMs, persistent: false }, changed);
  const stop = (): void => {
    for (const file of [certFile, keyFile]) unwatchFile(file, changed);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
}
