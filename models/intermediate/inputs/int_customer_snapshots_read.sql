{{ read_entity('customer_snapshots') }}
