-- Machines, load balancers and services that are rented of AWS are not Amazon's S3, so their endpoint says whose bucket it is: the same as
-- `objects::StorageProfile::base_address`.
update warehouse
set base_location = rtrim(storage_profile ->> 'endpoint', '/') || substr(base_location, length('s3:/') + 1)
where storage_profile ->> 'type' = 's3' and base_location like 's3://%'
    and (storage_profile ->> 'endpoint' like '%.elb.%'
        or storage_profile ->> 'endpoint' like '%.compute.amazonaws.%'
        or storage_profile ->> 'endpoint' like '%.compute-1.amazonaws.%'
        or storage_profile ->> 'endpoint' like '%.vpce-svc-%'
        or storage_profile ->> 'endpoint' like '%.execute-api.%');
