{{ check_entity('customers') }}
