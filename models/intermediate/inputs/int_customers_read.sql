{{ read_entity('customers') }}
