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

-- The S3 of further partitions of AWS is Amazon's, too.
with known as (
    select id, rtrim(storage_profile ->> 'endpoint', '/') as endpoint from warehouse
    where storage_profile ->> 'type' = 's3' and base_location not like 's3://%'
)
update warehouse
set base_location = 's3://' || substr(base_location, length(known.endpoint) + 2)
from known
where known.id = warehouse.id
    and (endpoint || ':' like '%.amazonaws.eu:%'
        or endpoint || ':' like '%.c2s.ic.gov:%'
        or endpoint || ':' like '%.sc2s.sgov.gov:%'
        or endpoint || ':' like '%.cloud.adc-e.uk:%'
        or endpoint || ':' like '%.csp.hci.ic.gov:%')
    and (endpoint like '%//s3.%' or endpoint like '%//s3-%' or endpoint like '%.s3.%' or endpoint like '%.s3-%')
    and endpoint not like '%.elb.%';
