{{ read_entity('policies') }}
