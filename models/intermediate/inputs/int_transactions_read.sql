{{ read_entity('transactions') }}
