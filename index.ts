import { names } from './components/data/names';
import { Platform } from './components/platform';
import { refusals } from './components/refusals';
import { readSettings } from './components/settings/read';

const settings = readSettings(refusals);
const platform = new Platform(names.platform, settings);

export const tier = settings.tier;
export const target = settings.target;
export const host = settings.target === 'docker' ? settings.docker.host : undefined;
export const endpoints = platform.endpoints;
export const services = platform.services;
export const databases = platform.databases;
export const jwt = platform.jwt;
