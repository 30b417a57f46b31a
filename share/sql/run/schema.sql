create schema if not exists rc
