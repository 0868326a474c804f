import type { Permission, PositionSource } from './types.ts';

/** A reading that does not come within this time will not (ms). */
const READING_MS = 30_000;
const PERMISSION_DENIED = 1;

type Platform = Partial<Pick<Navigator, 'geolocation' | 'permissions'>>;

/** Readings of the browser. Without TLS, other than on this machine, browsers tell no page where it is. */
export function browserPositions(
  platform: Platform = globalThis.navigator ?? {},
  isSecure: boolean = globalThis.isSecureContext ?? false,
): PositionSource {
  const { geolocation, permissions } = platform;
  // A browser that does not know the question is one that asks the person.
  const query = () => permissions?.query({ name: 'geolocation' }).catch(() => null) ?? Promise.resolve(null);
  return {
    async permission(): Promise<Permission> {
      if (!geolocation || !isSecure) return 'unsupported';
      return (await query())?.state ?? 'prompt';
    },
    onPermission(fn) {
      let status: PermissionStatus | null = null;
      let isOver = false;
      void query().then((found) => {
        if (isOver) return;
        status = found;
        status?.addEventListener('change', fn);
      });
      return () => {
        isOver = true;
        status?.removeEventListener('change', fn);
      };
    },
    watch(taken, failed) {
      const id = geolocation?.watchPosition(
        ({ coords: { latitude, longitude, accuracy } }) =>
          taken({ lat: latitude, lng: longitude, accuracy_m: accuracy }),
        ({ code }) => failed(code === PERMISSION_DENIED ? 'denied' : 'unavailable'),
        { enableHighAccuracy: true, timeout: READING_MS, maximumAge: 0 },
      );
      return () => {
        if (id !== undefined) geolocation?.clearWatch(id);
      };
    },
  };
}
