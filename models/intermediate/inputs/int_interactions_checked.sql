{{ check_entity('interactions') }}
