import { names } from './components/data/names';
import { Platform } from './components/platform';
import { refusals } from './components/refusals';
import { readSettings } from './components/settings/read';

const settings = readSettings(refusals);
const platform = new Platform(names.platform, settings);

export const tier = settings.tier;
export const target = settings.target;
/** The Docker engine, where it is not the environment's own. */
export const docker = { host: settings.target === 'docker' ? settings.docker.host : undefined };
export const endpoints = platform.endpoints;
export const services = platform.services;
export const entrance = platform.entrance;
/** The certificate by which clients know the gateway; empty where everybody knows it already. */
export const authority = platform.authority;
export const databases = platform.databases;
export const jwt = platform.jwt;
/** The key that clients of Supabase are made with; public, it opens what is there before a sign-in. */
export const anonKey = platform.anonKey;
export const tenantLogins = platform.tenantLogins;
export const operator = platform.operator;
