-- Machines, load balancers and services that are rented of AWS are not Amazon's S3, so their endpoint says whose bucket it is: the same as
-- `objects::StorageProfile::base_address`.
update warehouse
set base_location = rtrim(storage_profile::jsonb ->> 'endpoint', '/') || substr(base_location, length('s3:/') + 1)
where storage_profile::jsonb ->> 'type' = 's3' and base_location like 's3://%'
    and (storage_profile::jsonb ->> 'endpoint' like '%.elb.%'
        or storage_profile::jsonb ->> 'endpoint' like '%.compute.amazonaws.%'
        or storage_profile::jsonb ->> 'endpoint' like '%.compute-1.amazonaws.%'
        or storage_profile::jsonb ->> 'endpoint' like '%.vpce-svc-%'
        or storage_profile::jsonb ->> 'endpoint' like '%.execute-api.%');

-- The S3 of further partitions of AWS is Amazon's, too.
update warehouse
set base_location = 's3://' || substr(base_location, length(rtrim(storage_profile::jsonb ->> 'endpoint', '/')) + 2)
where storage_profile::jsonb ->> 'type' = 's3' and base_location not like 's3://%'
    and rtrim(storage_profile::jsonb ->> 'endpoint', '/') ~
        '^https?://([^/]*\.)?s3(-[^./]*)?\.([^/]*\.)?(amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)(:[0-9]+)?$';
