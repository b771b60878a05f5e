-- Where a warehouse's files are says whose S3 a bucket is in, and calls a folder of OneLake by one name: the same as
-- `objects::StorageProfile::base_address`.
update warehouse
set base_location = rtrim(storage_profile ->> 'endpoint', '/') || substr(base_location, length('s3:/') + 1)
where storage_profile ->> 'type' in ('s3', 's3-tables')
    and rtrim(storage_profile ->> 'endpoint', '/') || ':' not like '%.amazonaws.com:%'
    and rtrim(storage_profile ->> 'endpoint', '/') || ':' not like '%.amazonaws.com.cn:%'
    and not (storage_profile ->> 'type' = 's3-tables' and storage_profile ->> 'flavor' = 'aws');

update warehouse
set base_location = substr(base_location, 1, instr(base_location, '@')) || 'onelake'
    || substr(base_location, instr(base_location, '.fabric.microsoft.com') + length('.fabric.microsoft.com'))
where base_location like 'abfss://%@%.fabric.microsoft.com%';
