{{ unified_spellings('product_code') }}
