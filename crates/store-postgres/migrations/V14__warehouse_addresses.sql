-- Where a warehouse's files are says whose S3 a bucket is in, and calls a folder of OneLake by one name: the same as
-- `objects::StorageProfile::base_address`.
update warehouse
set base_location = rtrim(storage_profile::jsonb ->> 'endpoint', '/') || substr(base_location, length('s3:/') + 1)
where storage_profile::jsonb ->> 'type' in ('s3', 's3-tables')
    and rtrim(storage_profile::jsonb ->> 'endpoint', '/') !~ '\.amazonaws\.com(\.cn)?(:[0-9]+)?$'
    and not (storage_profile::jsonb ->> 'type' = 's3-tables' and storage_profile::jsonb ->> 'flavor' = 'aws');

update warehouse
set base_location = regexp_replace(base_location, '@[^/]*\.fabric\.microsoft\.com', '@onelake')
where base_location like 'abfss://%';
