{{ read_entity('product_holdings') }}
