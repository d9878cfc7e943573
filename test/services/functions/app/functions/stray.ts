import { http } from '../../../../../components/services/images/functions/api';

/** Leaves a rejection to nobody. */
export default http(() => {
  void Promise.reject(new Error('stray'));
  return new Response('answered');
});
