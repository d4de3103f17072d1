// @ts-check
// The services' own parts of the console.

/**
 * @typedef {{label: string, row?: string, group: string, href?: string, start: string, end?: string | null, due?: string | null, status: string,
 *   marks?: Array<{at: string, label: string}>}} Lane a bar of the timeline; bars of one `row` stand in one lane where they do not overlap
 * @typedef {{name: string, about?: string, run: () => any}} Command something that can be done
 * @typedef {{
 *   view: (state: any) => any,
 *   detail?: (path: string[], state: any) => {content: any, refresh?: (state: any) => void, stop?: () => void} | null,
 *   lanes?: (state: any) => Lane[],
 *   commands?: (state: any) => Command[],
 *   first?: (base: string, key: string, tenant: string) => Array<{client: string, code: string}>,
 *   drop?: (file: File) => Promise<string> | null,
 * }} Service what a module of a service declares as `service`; all but `view` may be missing
 */

/** @type {Map<string, {title: string} & Service>} */
export const services = new Map();

/** @param {string} name @param {string} title @param {Service} service */
export function addService(name, title, service) { services.set(name, { title, ...service }); }
