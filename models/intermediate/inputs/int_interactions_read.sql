{{ read_entity('interactions') }}
