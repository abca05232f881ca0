{{ check_entity('policies') }}
