import { http } from '../../../../../components/services/images/functions/api';

/** Computes without end. */
export default http(() => {
  for (;;) Math.random();
});
