{{ check_entity('transactions') }}
