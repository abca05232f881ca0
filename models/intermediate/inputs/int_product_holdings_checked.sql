{{ check_entity('product_holdings') }}
