import os
import unittest

from caller import NotAllowed, caller_of


class Callers(unittest.TestCase):
    def test_nobody_is_a_caller_without_a_key_to_verify_tokens_with(self):
        os.environ.pop("JWT_KEY_FILE", None)
        with self.assertRaises(NotAllowed) as refused:
            caller_of("Bearer x.y.z")
        self.assertEqual(refused.exception.status, 501)


if __name__ == "__main__":
    unittest.main()
